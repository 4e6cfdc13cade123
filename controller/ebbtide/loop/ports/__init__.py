"""What the loop needs of the world: Protocols, and the records that pass through them."""
