"""What makes a program of the parts: config, logs, wiring, the daemon, the command line. Nobody imports it."""
