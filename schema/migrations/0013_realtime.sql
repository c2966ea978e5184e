-- Realtime: messages that are too large for a notification, and who is present in which channel.

-- Read by every node when it is notified, and kept only until then: unlogged, since a crash ends all connections anyway.
CREATE UNLOGGED TABLE realtime_messages (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX realtime_messages_by_time ON realtime_messages (created_at);

-- Nodes with sockets that are present somewhere, and when each last said that it lives.
CREATE TABLE realtime_nodes (
    node    text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

CREATE TABLE realtime_presence (
    app_id     text NOT NULL REFERENCES apps ON DELETE CASCADE,
    channel    text NOT NULL,
    socket_id  text NOT NULL,
    node       text NOT NULL REFERENCES realtime_nodes,
    user_id    text,
    -- JSON, as its client wrote it.
    metadata   text NOT NULL,
    joined_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, channel, socket_id)
);
CREATE INDEX realtime_presence_by_node ON realtime_presence (node);
