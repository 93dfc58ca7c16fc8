"""Words planted in inputs that must never come out in an error's text."""

# a customer's name in an API answer or an event
PERSONAL = "Geheimrat Goethe"
# a password or client secret in a config
SECRET = "hunter2-Verschwiegen"
