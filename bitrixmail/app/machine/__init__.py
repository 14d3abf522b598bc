"""What the server has to settle with the system it runs on."""
