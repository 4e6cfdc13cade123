"""What all specs are made of: rules over several fields, and the types of single ones."""
