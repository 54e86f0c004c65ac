import { SLOT_INPUT, Status } from "./abi";
import { Activation } from "./activation";
import { readSlot, refused } from "./message";
import { Value } from "./value";

/** What happened. It is good until the hook returns. */
export class Event extends Activation {
  private knownData: Value | null = null;

  /** What: "attach", "tick", …; see abi/ABI.md#event. */
  get type(): string {
    return this.headerText("event");
  }

  /** Of this event, unique in the host's runtime together with operations. */
  get id(): u64 {
    return this.headerNumber("id");
  }

  /** The id of the scope that it happened in, 0 for none. */
  get scope(): u64 {
    return this.headerNumber("scope");
  }

  /** Of what it happened to, "" for none. */
  get name(): string {
    return this.headerText("name");
  }

  /** Its data, fetched when it is first asked for. Failed where the host does not show it. */
  get data(): Value {
    const known = this.knownData;
    if (known !== null) return known;
    const v = this.runs ? readSlot(SLOT_INPUT, "the data") : refused(Status.Stale, "the data");
    this.knownData = v;
    return v;
  }
}
