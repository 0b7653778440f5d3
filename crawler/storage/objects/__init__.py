"""A prefix in an object store as destination: S3, Google Cloud Storage, Azure Blob Storage. Needs obstore."""
