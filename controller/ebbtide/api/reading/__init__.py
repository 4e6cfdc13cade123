"""What is written becomes specs, and the policies that decide, or all that is wrong with it."""
