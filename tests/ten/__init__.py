"""The ten ways in which others lost bookings: each a file of tests, over HTTP, with a server that does just that."""
