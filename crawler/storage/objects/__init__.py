"""The destination in an object store (S3, Google Cloud Storage or Azure Blob Storage). Needs obstore."""
