package enrich

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const limitsScript = `export default {
  outputHandler(context) {
    const d = context.instance.data;
    return { data: { dailyLimit: 50000, remainingLimit: 50000 - d.amount, currency: d.currency } };
  },
};`

func benchEnricher(b *testing.B) *Enricher {
	e := newScripts(b, Config{})
	publish(b, e, scriptTask("core"), scriptDoc("a", "", userSession), scriptDoc("b", "", limitsScript), scriptDoc("c", "", limitsScript+"\n"))
	return e
}

var benchData = map[string]any{"userId": "user123", "amount": 1000, "currency": "TRY"}

// One enrichment with three mappings in JavaScript and no backend.
func BenchmarkEnrichThreeScripts(b *testing.B) {
	e := benchEnricher(b)
	instance := &Instance{ID: "1", Data: benchData}
	for b.Loop() {
		got, err := e.Enrich(b.Context(), Request{Domain: "core", Workflow: "w"}, instance)
		if err != nil || len(got.Extensions) != 3 {
			b.Fatal(got, err)
		}
	}
}

// A page of 100 items with three extensions each.
func BenchmarkEnrichPage(b *testing.B) {
	e := benchEnricher(b)
	page := make([]any, 100)
	for i := range page {
		page[i] = &Instance{ID: fmt.Sprint(i), Data: benchData}
	}
	for b.Loop() {
		got, err := e.EnrichPage(b.Context(), Request{Domain: "core", Workflow: "w", Read: ReadList}, page)
		if err != nil || len(got[99].Extensions) != 3 {
			b.Fatal(err)
		}
	}
}

// manyDocs are definitions of all types in ten domains, and a workflow in each.
func manyDocs(n int) []Document {
	var docs []Document
	for d := range 10 {
		domain := fmt.Sprintf("d%d", d)
		docs = append(docs, scriptTask(domain))
		var listed []string
		for i := range n / 10 {
			x := ext{key: fmt.Sprintf("extension-%s-%d", domain, i), domain: domain, kind: 2 + i%3, scope: 1 + i%2*2, order: 1 + i%4}
			if i%100 == 0 {
				x.kind = 1
			}
			if i%97 == 0 && x.kind > 2 {
				listed = append(listed, domain+"/"+x.key)
			}
			docs = append(docs, x.doc())
		}
		docs = append(docs, workflowDoc(domain, "w", listed...))
	}
	return docs
}

// 10,000 definitions, read, validated and served.
func BenchmarkPublishTenThousand(b *testing.B) {
	docs := manyDocs(10_000)
	e := newEnricher(b, Config{})
	for b.Loop() {
		publish(b, e, docs...)
	}
}

// The selection for one read among 10,000 definitions.
func BenchmarkSelect(b *testing.B) {
	e := newEnricher(b, Config{})
	publish(b, e, manyDocs(10_000)...)
	c, err := e.acquire()
	require.NoError(b, err)
	defer c.done()
	for _, bb := range []struct {
		name   string
		demand []string
	}{{"none", nil}, {"two", []string{"extension-d3-4,extension-d3-97"}}} {
		b.Run(bb.name, func(b *testing.B) {
			r := &Request{Domain: "d3", Workflow: "w", Extensions: bb.demand}
			for b.Loop() {
				if p := e.newPlan(c, r); len(p.core) == 0 || len(p.listed) == 0 {
					b.Fatal("nothing is selected")
				}
			}
		})
	}
}
