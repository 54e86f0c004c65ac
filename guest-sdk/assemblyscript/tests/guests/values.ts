// Does with values what a test asks for.
import { ArilError, Extension, Kind, Outcome, register, Timestamp, Value } from "../../index";

class Line {
  sku: string = "";
  count: i32 = 0;

  fromValue(v: Value): void {
    this.sku = v.get("sku").text;
    this.count = v.get("count").or<i32>(1);
  }

  toValue(): Value {
    return Value.map().set("sku", this.sku).set("count", this.count);
  }
}

class Values extends Extension {
  call(method: string, v: Value): Outcome {
    if (method == "i8") return Outcome.of(v.as<i8>());
    if (method == "i32") return Outcome.of(v.as<i32>());
    if (method == "i64") return Outcome.of(v.as<i64>());
    if (method == "u8") return Outcome.of(v.as<u8>());
    if (method == "u64") return Outcome.of(v.as<u64>());
    if (method == "f64") return Outcome.of(v.as<f64>());
    if (method == "f32") return Outcome.of(v.as<f32>());
    if (method == "bool") return Outcome.of(v.as<bool>());
    if (method == "string") return Outcome.of(v.as<string>());
    if (method == "bytes") return Outcome.of(v.as<Uint8Array>());
    if (method == "time") return Outcome.of(v.as<Timestamp>());
    if (method == "strings") return Outcome.of(v.as<Array<string>>());
    if (method == "map") return Outcome.of(v.as<Map<string, Array<f64>>>());
    if (method == "line") return Outcome.of(v.as<Line>());
    if (method == "lines") return Outcome.of(v.as<Array<Line>>());
    if (method == "or") return Outcome.of(v.get("n").or<i32>(7));
    if (method == "kind") return Outcome.of(<i32>v.kind);
    if (method == "text") return Outcome.of(v.toString());
    if (method == "type") return Outcome.of(v.at(0).typeName).failed ? Outcome.pass : Outcome.of(v.at(0).typeName);
    if (method == "equal") return Outcome.of(v.at(0).equals(v.at(1)));
    if (method == "path") return Outcome.of(v.get("lines").at(1).get("sku"));
    if (method == "set") return Outcome.of(v.set("n", 2).set("new", "x"));
    if (method == "remove") return Outcome.of(v.remove("n").remove("absent"));
    if (method == "push") return Outcome.of(v.push(1).push<string | null>(null).push([1.5]));
    if (method == "deep set") {
      v.get("lines").at(1).set("count", 9);
      return Outcome.of(v);
    }
    if (method == "deep set of items") {
      v.items[0].items[1].set("count", 9);
      return Outcome.of(v);
    }
    if (method == "many") return many(v);
    if (method == "halves") return Outcome.of("a\uD800b");
    if (method == "error in data") {
      const e = new ArilError("x", "y").with(v.get("absent"));
      return Outcome.fail(e);
    }
    if (method == "long error") return Outcome.fail(new ArilError("é".repeat(200), "ü".repeat(70000)));
    if (method == "long chain") {
      let e = new ArilError("0", "");
      for (let i = 1; i < 20; i++) e = new ArilError(i.toString(), "").because(e);
      return Outcome.fail(e);
    }
    if (method == "dates") return Outcome.of([Timestamp.fromMilliseconds(-1), Timestamp.fromNanoseconds(-1), new Timestamp(5, 6)]);
    return Outcome.pass;
  }
}

// A map that is large enough to be indexed.
function many(v: Value): Outcome {
  for (let i = 0; i < 100; i++) v.set("k" + i.toString(), i * 2);
  v.remove("k3").set("k5", "five");
  if (v.length != 99 || !v.get("k3").missing || v.get("k99").as<i32>() != 198 || v.get("k5").kind != Kind.Text) {
    return Outcome.error("wrong", v.toString());
  }
  return Outcome.of(v.get("k7"));
}

register(new Values());
export { aril_abi_v1, aril_call } from "../../index";
