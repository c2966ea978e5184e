-- Invocations that another one started by `ctx.invoke`.

ALTER TABLE invocations
    -- The invocation that called it; NULL: none did.
    ADD COLUMN parent_id text,
    -- Fuel of the invocations that it called, theirs included; each has it in its own record, too.
    ADD COLUMN invoked_fuel bigint NOT NULL DEFAULT 0;
