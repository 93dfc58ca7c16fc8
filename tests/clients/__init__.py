"""Real calendar apps, driven by real mouse events. Not collected by pytest: see README.md."""
