"""The read model in MongoDB. This folder is the only place that knows the driver, motor."""

from invoiceflow_query.adapters.mongodb.store import MongoReadModel

__all__ = ["MongoReadModel"]
