package ui

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// A Progress shows how far a long run is. Nothing of it is seen where no
// person reads, nor in a run that is over soon.
type Progress struct {
	screen *Screen
	what   string
	total  int
	done   int
	start  time.Time
	bar    *progressbar.ProgressBar
}

// patience is how long a run may take before it shows how far it is.
const patience = 500 * time.Millisecond

// NewProgress begins a run of total steps.
func (s *Screen) NewProgress(what string, total int) *Progress {
	return &Progress{screen: s, what: what, total: total, start: time.Now()}
}

// Step says that one more step is done.
func (p *Progress) Step() {
	p.done++
	if !p.screen.Terminal {
		return
	}
	if p.bar == nil {
		if time.Since(p.start) < patience {
			return
		}
		p.bar = progressbar.NewOptions(p.total,
			progressbar.OptionSetWriter(p.screen), progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionUseANSICodes(true))
	}
	_ = p.bar.Set(p.done) // a terminal that went away is no reason to end the run
}

// End takes the bar away.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
