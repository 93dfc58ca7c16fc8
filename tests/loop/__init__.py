"""The whole loop, but for the daemon: a real CalDAV server, the sandbox over HTTP, a real store, a clock in hand."""
