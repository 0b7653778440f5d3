"""What a second run asks for, does and says; and the other ways to look at a mirror."""
