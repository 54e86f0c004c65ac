package abi

// Fuel is the instruction budget of an activation: a count that depends on
// what ran and on nothing else, so the same input burns the same fuel on
// every machine and in every engine. The rules are in abi/ABI.md#fuel; what
// follows is their table.

// FuelVersion is the version of the cost table. Any change of a cost or of a
// rule raises it.
const FuelVersion = 1

// Costs that are not one figure for an instruction.
const (
	// FuelInstruction is what an instruction costs when FuelCosts does not
	// name it. Control instructions and calls cost the values they carry on
	// top: a branch the arity of its label, return the results, block, loop
	// and if their parameters and results, a call the parameters and results
	// of its type.
	FuelInstruction = 1

	// FuelBulkBytes is how many bytes memory.fill, memory.copy and
	// memory.init move for one unit of fuel, on top of FuelInstruction.
	FuelBulkBytes = 32

	// FuelBulkChunk is the most bytes that one of them moves between two
	// looks at the balance.
	FuelBulkChunk = 256 << 10

	// FuelCountMax is the most that the pages of one memory.grow, or the
	// elements of one table operation, cost: there cannot be more.
	FuelCountMax = 65_536

	// FuelImport is what the host charges for a call of an import, and
	// FuelImportBytes how many bytes it copies for one unit on top. It
	// charges before it works.
	FuelImport      = 100
	FuelImportBytes = 16
)

// A FuelCost is the cost of one instruction, by its name in the text format.
type FuelCost struct {
	Instruction string
	Fuel        uint32
}

// FuelCosts are the instructions that do not cost FuelInstruction. memory.grow
// and table.grow cost one unit more for each page or element asked for, and
// table.fill, table.copy and table.init for each element, up to FuelCountMax.
var FuelCosts = []FuelCost{
	{"block", 0}, {"loop", 0}, {"else", 0}, {"end", 0}, {"nop", 0},
	{"i32.div_s", 4}, {"i32.div_u", 4}, {"i32.rem_s", 4}, {"i32.rem_u", 4},
	{"i64.div_s", 4}, {"i64.div_u", 4}, {"i64.rem_s", 4}, {"i64.rem_u", 4},
	{"f32.div", 4}, {"f32.sqrt", 4}, {"f64.div", 4}, {"f64.sqrt", 4},
	{"f32x4.div", 4}, {"f32x4.sqrt", 4}, {"f64x2.div", 4}, {"f64x2.sqrt", 4},
	{"memory.grow", 100}, {"table.grow", 100}, {"ref.func", 100},
}
