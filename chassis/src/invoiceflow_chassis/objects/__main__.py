"""``python -m invoiceflow_chassis.objects BUCKET ...``: create the buckets that are not there yet, and see that the store is fit.

A step of the deployment and not of a service's start, so that the services need no right to create buckets.
"""

import asyncio
import sys

from pydantic import ValidationError

from invoiceflow_chassis.app import exit_with_settings_error
from invoiceflow_chassis.objects.minio import MinioObjectStore, UnfitStoreError
from invoiceflow_chassis.objects.settings import ObjectStoreSettings

if __name__ == "__main__":
    try:
        store = MinioObjectStore(ObjectStoreSettings())
    except ValidationError as error:
        exit_with_settings_error(error)
    try:
        asyncio.run(store.ensure_buckets(sys.argv[1:]))
    except UnfitStoreError as error:
        sys.exit(str(error))
    finally:
        store.close()
