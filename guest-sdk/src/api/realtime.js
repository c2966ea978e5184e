// ctx.broadcast and ctx.socket: channels, and the socket whose frame is handled.

import { host } from "./host.js";
import { JSONStringify, ObjectFreeze, rejected } from "./primordials.js";

/** What goes to clients: JSON. */
const toText = (data) => JSONStringify(data) ?? "null";

function channelOf(call, channel) {
  if (typeof channel !== "string") throw new TypeError(`${call}: the channel is a string`);
  return channel;
}

/** Gives data to all who are subscribed to a channel. Resolves when it is on its way to every node. */
export function broadcast(channel, data) {
  try {
    return host.broadcast(channelOf("ctx.broadcast(channel, data)", channel), toText(data));
  } catch (error) {
    return rejected(error);
  }
}

/** The socket with this id. */
export const socketOf = (id) =>
  ObjectFreeze({
    id,

    send(data) {
      try {
        return host.socketSendBytes(data) ?? host.socketSend(toText(data));
      } catch (error) {
        return rejected(error);
      }
    },

    close(code = 1000, reason = "") {
      try {
        if (code !== 1000 && !(code >= 3000 && code <= 4999 && code % 1 === 0)) {
          throw new RangeError("ctx.socket.close(code, reason): the code is 1000, or 3000 to 4999");
        }
        return host.socketClose(code, `${reason}`);
      } catch (error) {
        return rejected(error);
      }
    },

    subscribe(channel) {
      try {
        return host.socketJoin(channelOf("ctx.socket.subscribe(channel)", channel), true);
      } catch (error) {
        return rejected(error);
      }
    },

    unsubscribe(channel) {
      try {
        return host.socketJoin(channelOf("ctx.socket.unsubscribe(channel)", channel), false);
      } catch (error) {
        return rejected(error);
      }
    },
  });
