"""What sits on the desk, a panel a file, with the views that a panel is made of."""
