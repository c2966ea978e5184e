-- Sessions of apps' logins that have more locks, or a statement that runs longer, than they may: $1 locks, $2 ms of the
-- owner's login, $3 ms of the others.
SELECT a.pid, a.backend_start, a.datname::text, coalesce(l.locks, 0) AS locks, coalesce(t.ms, 0) AS ms
FROM pg_catalog.pg_stat_activity a
LEFT JOIN (SELECT pid, pg_catalog.count(*) AS locks FROM pg_catalog.pg_locks GROUP BY pid) l USING (pid)
CROSS JOIN LATERAL (SELECT CASE WHEN a.state = 'active'
    THEN extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start)::float8 * 1000 END AS ms) t
WHERE a.backend_type = 'client backend'
  AND a.datname ~ '^app_[0-9a-z]{12}$'
  AND a.usename IN (a.datname || '_owner', a.datname || '_service', a.datname || '_user', a.datname || '_anon')
  AND (l.locks > $1 OR t.ms > CASE WHEN a.usename = a.datname || '_owner' THEN $2::float8 ELSE $3::float8 END)
