SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
  AND usename = current_user
  AND application_name = %(name)s
  AND pid <> pg_backend_pid()
  AND xact_start < now() - %(seconds)s * interval '1 second';
