INSERT INTO api_keys (id, digest, name, scopes) VALUES (%(id)s, %(digest)s, %(name)s, %(scopes)s);
