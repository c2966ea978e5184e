-- $1 tables. Bytes of everything that is about to be read, but for names.
SELECT coalesce(sum(bytes), 0)::bigint FROM (
    SELECT octet_length(d.adbin::text) AS bytes FROM pg_catalog.pg_attrdef d WHERE d.adrelid = ANY ($1)
    UNION ALL
    SELECT octet_length(c.conbin::text) FROM pg_catalog.pg_constraint c WHERE c.conrelid = ANY ($1)
    UNION ALL
    SELECT coalesce(octet_length(p.polqual::text), 0) + coalesce(octet_length(p.polwithcheck::text), 0)
    FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY ($1)
    UNION ALL
    SELECT coalesce(octet_length(i.indexprs::text), 0) + coalesce(octet_length(i.indpred::text), 0)
    FROM pg_catalog.pg_index i WHERE i.indrelid = ANY ($1)
    UNION ALL
    SELECT octet_length(d.description) FROM pg_catalog.pg_description d
    WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = ANY ($1)
) texts
