"""Objects as they lie in the store, by a client that has nothing to do with the services'."""

from minio import Minio

__all__ = ["fetched"]


def fetched(objects: Minio, bucket: str, key: str) -> bytes:
    """Return the bytes of an object."""
    response = objects.get_object(bucket, key)
    try:
        data: bytes = response.read()
        return data
    finally:
        response.close()
        response.release_conn()
