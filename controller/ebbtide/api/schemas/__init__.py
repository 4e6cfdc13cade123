"""What the API server is told of our models: structural schemas, CEL and CRDs."""
