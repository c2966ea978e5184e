-- Every value that the key ring encrypted, with its place.
SELECT 'variable' AS kind, e.app_id, coalesce(e.function_id, '') AS function_id, f.name AS function_name, e.name, e.sealed
FROM env e LEFT JOIN functions f ON f.id = e.function_id
UNION ALL
SELECT 'claims_key', app_id, '', NULL, '', claims_key_sealed FROM app_databases
UNION ALL
SELECT 'password', app_id, '', NULL, '', password_sealed FROM app_databases
UNION ALL
SELECT 'signing_key', app_id, '', NULL, kid, private_sealed FROM signing_keys WHERE private_sealed IS NOT NULL
UNION ALL
SELECT 'issuer', a.id, '', NULL, i.value ->> 'issuer', i.value ->> 'secret_sealed'
FROM apps a
CROSS JOIN jsonb_array_elements(
    CASE jsonb_typeof(a.settings -> 'issuers') WHEN 'array' THEN a.settings -> 'issuers' ELSE '[]' END
) i
WHERE i.value ->> 'secret_sealed' IS NOT NULL
UNION ALL
SELECT 'recording', app_id, '', NULL, invocation_id, sealed FROM recordings
UNION ALL
SELECT 'webhook', f.app_id, f.id, f.name, '', t.config ->> 'secrets_sealed'
FROM triggers t JOIN functions f ON f.id = t.function_id
WHERE t.kind = 'webhook' AND t.config ->> 'secrets_sealed' IS NOT NULL
UNION ALL
SELECT 'delivery', f.app_id, f.id, f.name, d.id, d.sealed
FROM webhook_deliveries d JOIN functions f ON f.id = d.function_id
WHERE d.sealed IS NOT NULL
UNION ALL
SELECT 'storage_key', app_id, '', NULL, id, secret_sealed FROM storage_keys
