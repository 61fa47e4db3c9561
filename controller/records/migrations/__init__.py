"""The schema, revision by revision. They run by themselves when the database is opened (`records.database`)."""
