// A report of the day before, written once however often the slot is run.
export default async (req: Request, ctx: any) => {
  if (ctx.trigger.type !== "cron") {
    const { rows } = await ctx.db.query("SELECT day::text, orders, cents FROM reports ORDER BY day DESC");
    return Response.json({ reports: rows });
  }
  const { scheduled_at, timezone } = await req.json();
  await ctx.db.query(
    `WITH night AS (SELECT ($1::timestamptz AT TIME ZONE $2)::date - 1 AS day)
     INSERT INTO reports
       SELECT day, count(o.id), coalesce(sum(cents), 0), $1::timestamptz
       FROM night LEFT JOIN orders o ON (o.at AT TIME ZONE $2)::date = day GROUP BY day
     ON CONFLICT (day) DO UPDATE SET orders = excluded.orders, cents = excluded.cents, slot = excluded.slot`,
    [scheduled_at, timezone],
  );
  return new Response(null, { status: 204 });
};
