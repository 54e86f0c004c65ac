package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A developer tells the author of definitions what became of them.
type developer struct {
	service *Service
	out     *ui.Screen
	shown   []enrich.Document    // what the author was told of; nil at first
	files   map[string]time.Time // beside them
	welcome func()               // until it was said
}

// watch loads the directory again whenever it changes, until ctx is done.
func (s *Service) watch(ctx context.Context, api, admin net.Addr) error {
	d := &developer{service: s, out: ui.NewScreen(s.config.Out)}
	d.welcome = func() { d.addresses(api, admin) }
	err := s.enricher.Watch(ctx, s.config.Definitions, d.report)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// report is told of every load.
func (d *developer) report(warnings []enrich.Issue, err error) {
	d.service.metrics.Published(err)
	var refused *enrich.PublishError
	switch {
	case errors.As(err, &refused):
		d.refused(refused.Issues)
	case err != nil:
		d.say(ui.Bad, err.Error())
	default:
		d.loaded(warnings)
	}
	if d.welcome != nil {
		d.welcome()
		d.welcome = nil
	}
}

// loaded says what is different now.
func (d *developer) loaded(warnings []enrich.Issue) {
	docs := d.service.memory.of(d.service.catalogue())
	files := filesOf(d.service.config.Definitions)
	changes := flow.Diff(d.shown, docs)
	others := changedFiles(d.files, files)
	switch {
	case d.shown == nil:
		d.say(ui.Good, fmt.Sprintf("%d definitions of %s", len(docs), d.service.config.Definitions))
	case len(changes)+len(others) == 0:
		d.say(ui.Faint, "read again; nothing is different")
	default:
		d.say(ui.Good, "definitions changed")
		for _, c := range changes {
			d.change(c)
		}
		for _, name := range others {
			d.out.Printf("  %s %s\n", d.out.Paint(ui.Warn, "~"), ui.Plain(name))
		}
	}
	for _, w := range warnings {
		d.out.Printf("  %s\n", d.out.Paint(ui.Warn, ui.Plain(w.String())))
	}
	d.shown, d.files = docs, files
}

// say prints a line with the time before it.
func (d *developer) say(style ui.Style, text string) {
	d.out.Printf("%s %s\n", d.out.Paint(ui.Faint, time.Now().Format(time.TimeOnly)), d.out.Paint(style, ui.Plain(text)))
}

func (d *developer) refused(issues []enrich.Issue) {
	what := "the last good version serves on"
	if d.service.catalogue() == nil || len(d.service.memory.of(d.service.catalogue())) == 0 {
		what = "nothing is served yet"
	}
	d.say(ui.Bad, "definitions refused; "+what)
	for _, i := range issues {
		style := ui.Bad
		if i.Warning {
			style = ui.Warn
		}
		d.out.Printf("  %s\n", d.out.Paint(style, ui.Plain(i.String())))
	}
}

// change prints one change of definitions.
func (d *developer) change(c flow.Change) {
	style := map[flow.ChangeKind]ui.Style{flow.Added: ui.Good, flow.Changed: ui.Warn, flow.Removed: ui.Bad}[c.Kind]
	sign := map[flow.ChangeKind]string{flow.Added: "+", flow.Changed: "~", flow.Removed: "-"}[c.Kind]
	d.out.Printf("  %s %s %s\n", d.out.Paint(style, sign), ui.Plain(c.Identity.String()), d.out.Paint(ui.Faint, ui.Plain(c.File)))
	for _, m := range c.Members {
		d.out.Printf("      %s\n", ui.Plain(m))
	}
	if c.More > 0 {
		d.out.Printf("      and %d more\n", c.More)
	}
}

// addresses prints what there is to try.
func (d *developer) addresses(api, admin net.Addr) {
	scheme := "http"
	if d.service.config.TLSCert != "" {
		scheme = "https"
	}
	base := scheme + "://" + api.String()
	d.out.Printf("\n%s %s\n", d.out.Paint(ui.Bold, "Serving"), base)
	if d.service.config.Database == DevDatabase {
		d.out.Printf("Instances are in memory and gone at the end; --database sqlite:aril.db keeps them.\n")
	}
	catalogue := d.service.catalogue()
	for _, id := range workflowsOf(d.shown) {
		path := fmt.Sprintf("%s/api/v1/%s/workflows/%s/instances", base, id.Domain, id.Key)
		d.out.Printf("\n%s\n", d.out.Paint(ui.Faint, id.Domain+"/"+id.Key))
		if w, ok := catalogue.Workflow(id.Domain, id.Key, ""); ok && w.StartTransition() != nil {
			data, note := sample(w.StartTransition().Schema)
			d.out.Printf("  curl -X POST %s/start -H 'content-type: application/json' -d '%s'%s\n", path, ui.Plain(data), d.out.Paint(ui.Faint, ui.Plain(note)))
		}
		d.out.Printf("  curl %s\n", path)
	}
	d.out.Printf("\n")
	d.out.Field("API", base+"/docs, "+base+"/openapi.json")
	if admin != nil {
		d.out.Field("metrics", "http://"+admin.String()+"/metrics")
	}
	d.out.Printf("\n")
}

// sample is a body to start an instance with: the first of the examples of the
// schema that its data are held against. Where there is a schema and no such
// example, note names it.
func sample(schema *flow.Schema) (body, note string) {
	const empty = `{"attributes": {}}`
	if schema == nil {
		return empty, ""
	}
	note = "  # attributes are as the schema " + schema.Key + " has them"
	var parts struct{ Examples []json.RawMessage }
	if json.Unmarshal(schema.JSON, &parts) != nil || len(parts.Examples) == 0 {
		return empty, note
	}
	var b bytes.Buffer
	if json.Compact(&b, parts.Examples[0]) != nil || bytes.ContainsRune(b.Bytes(), '\'') {
		return empty, note // a quote would end the shell's text
	}
	return `{"attributes": ` + b.String() + `}`, ""
}

// workflowsOf lists the workflows among documents, each once.
func workflowsOf(docs []enrich.Document) []enrich.Identity {
	var out []enrich.Identity
	for _, c := range flow.Diff(nil, docs) {
		if c.Flow == enrich.FlowWorkflows {
			c.Identity.Version = ""
			out = append(out, c.Identity)
		}
	}
	slices.SortFunc(out, func(a, b enrich.Identity) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}
