"""The adapters of the object store port: a directory, MinIO or any other S3, and memory.

Each is imported from its own module, so that a service that keeps its objects in a directory never loads the S3 client.
"""
