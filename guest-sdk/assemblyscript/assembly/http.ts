import { answerOf } from "./invoke";
import { Kind } from "./kind";
import { Result } from "./result";
import { Value } from "./value";
import { Writer } from "./writer";

// @ts-ignore: decorator
@external("aril_http_v1", "fetch")
declare function hostFetch(ptr: usize, len: u32): u64;

/** An HTTP request. */
export class Request {
  /** DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT. */
  method: string = "GET";
  /**
   * The extension's own headers. Those that belong to the connection, and
   * Accept-Encoding, Content-Length, Expect and Host, are the host's: a request
   * that has one is refused.
   */
  headers: Map<string, string> = new Map<string, string>();
  body: Uint8Array | null = null;
  /** For the whole, redirects included; 0 is as long as the host allows, which is also the most. */
  timeoutMilliseconds: i32 = 0;

  constructor(
    /** Absolute, https or http. */
    public url: string
  ) {}

  /** Sets the body to a text. */
  withText(text: string): Request {
    this.body = Uint8Array.wrap(String.UTF8.encode(text));
    return this;
  }
}

/** What a server answered, whatever the status. */
export class Response {
  /** Such as 200. */
  status: i32 = 0;
  /** Names in lower case. */
  headers: Map<string, string[]> = new Map<string, string[]>();
  /** Unpacked, where the server sent gzip. */
  body: Uint8Array = new Uint8Array(0);

  /** Whether the status is 200 to 299. */
  get ok(): bool {
    return this.status >= 200 && this.status <= 299;
  }

  /** The first value of a header, "" where there is none. */
  header(name: string): string {
    const key = name.toLowerCase();
    if (!this.headers.has(key)) return "";
    const values = this.headers.get(key);
    return values.length > 0 ? values[0] : "";
  }

  /** The body as text. */
  get text(): string {
    return String.UTF8.decodeUnsafe(this.body.dataStart, this.body.length);
  }
}

/**
 * Sends a request to a host that was granted, follows redirects as far as they
 * lead to granted hosts, and waits for the whole response. The time is billed
 * as waiting. It imports `aril_http_v1`, which must be granted.
 *
 * Where there is no response the error has one of the codes "invalid_request",
 * "denied_host", "denied_address", "unresolved", "refused", "tls",
 * "too_large", "too_many_redirects", "timeout", "bad_response" and "limit", or
 * a status. `retryable` tells whether the same request may succeed later; a
 * server may have seen it all the same.
 */
export function fetch(request: Request): Result<Response> {
  const w = new Writer();
  write(request, w);
  const answer = answerOf(hostFetch(w.address, w.length));
  const response = new Response();
  if (answer.failed) return Result.fail<Response>(answer.error, response);
  response.status = answer.get("status").as<i32>();
  response.headers = answer.get("headers").as<Map<string, string[]>>();
  const body = answer.get("body");
  if (body.kind == Kind.Bytes) response.body = body.bytes;
  return Result.ok<Response>(response);
}

function write(r: Request, w: Writer): void {
  w.map(5).text("method").text(r.method).text("url").text(r.url).text("headers");
  const names = r.headers.keys();
  w.map(names.length);
  for (let i = 0; i < names.length; i++) w.text(names[i]).text(r.headers.get(names[i]));
  const body = r.body;
  w.text("body");
  if (body === null) w.bin(0, 0);
  else w.bin(body.dataStart, body.length);
  w.text("timeout_ms").i64(r.timeoutMilliseconds);
}
