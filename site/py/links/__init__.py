"""What an address carries: settings, or a record."""
