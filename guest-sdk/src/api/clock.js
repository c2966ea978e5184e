// performance: time since the invocation began.

import { host } from "./host.js";
import { expose, tag } from "./primordials.js";

class Performance {
  get timeOrigin() {
    return host.startedAt();
  }
  now() {
    return host.elapsed();
  }
  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
}
tag(Performance, "Performance");
expose("performance", new Performance());
