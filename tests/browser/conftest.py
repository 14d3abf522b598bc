"""What tests in a browser need from the machine."""
