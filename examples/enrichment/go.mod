module github.com/aril-wasm/aril/examples/enrichment

go 1.25.0

require (
	github.com/aril-wasm/aril v0.0.0
	github.com/aril-wasm/aril/runtime/enrich v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/evanw/esbuild v0.28.2 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/tetratelabs/wazero v1.12.0 // indirect
	github.com/tinylib/msgp v1.6.5 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.44.0 // indirect
	golang.org/x/text v0.31.0 // indirect
)

replace (
	github.com/aril-wasm/aril => ../..
	github.com/aril-wasm/aril/runtime/enrich => ../../runtime/enrich
)
