"""The commands of `syncd`, by what they are for. Each module has `add_to(app)`.

What needs a network library is imported inside the command: `syncd status` runs from monitors, every few seconds.
"""
