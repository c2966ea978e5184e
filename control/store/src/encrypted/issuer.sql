-- One issuer's secret, and nothing else of the app's settings.
UPDATE apps SET settings = jsonb_set(settings, '{issuers}', (
    SELECT jsonb_agg(
        CASE WHEN i.value ->> 'issuer' = $2 AND i.value ->> 'secret_sealed' = $3
            THEN jsonb_set(i.value, '{secret_sealed}', to_jsonb($4::text)) ELSE i.value END
        ORDER BY i.ordinality)
    FROM jsonb_array_elements(settings -> 'issuers') WITH ORDINALITY i
))
WHERE id = $1 AND settings -> 'issuers' @> jsonb_build_array(jsonb_build_object('issuer', $2::text, 'secret_sealed', $3::text))
