package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

var palette = []string{"#1f6feb", "#d29922", "#2da44e", "#a371f7", "#cf222e"}

// writeCharts writes one SVG of the peers and one for each growth.
func (r *report) writeCharts(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "peers.svg"), []byte(r.bars("echo", "isolated", "compute")), 0o644); err != nil {
		return err
	}
	for _, g := range r.growth.charts {
		if err := os.WriteFile(filepath.Join(dir, g.name+".svg"), []byte(g.lines()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<rect width="%[1]d" height="%[2]d" fill="#fff"/>
`

// bars draws rows of the comparison on a logarithmic scale.
func (r *report) bars(names ...string) string {
	const left, width, bar = 130, 560, 15
	var b strings.Builder
	y, low, high := 20, math.Inf(1), 0.0
	for _, p := range r.peers {
		for _, name := range names {
			if c := r.cells[p.name][name]; c != nil && len(c.samples) > 0 {
				low, high = min(low, c.ns()), max(high, c.ns())
			}
		}
	}
	low /= 2
	var body strings.Builder
	for _, name := range names {
		fmt.Fprintf(&body, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y, name)
		y += 10
		for _, p := range r.peers {
			c := r.cells[p.name][name]
			if c == nil || len(c.samples) == 0 {
				continue
			}
			w := width * (math.Log(c.ns()) - math.Log(low)) / (math.Log(high) - math.Log(low))
			colour := "#8c959f"
			if strings.HasPrefix(p.name, "aril") {
				colour = palette[0]
			}
			fmt.Fprintf(&body, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%s</text>`+"\n",
				left-6, y+bar-3, p.name, left, y, w, bar-3, colour, left+w+6, y+bar-3, duration(c.ns()))
			y += bar
		}
		y += 24
	}
	fmt.Fprintf(&body, `<text x="%d" y="%d" fill="#57606a">time of one operation, logarithmic; shorter is better</text>`+"\n", left, y-8)
	fmt.Fprintf(&b, svgHead, left+width+90, y+6)
	b.WriteString(body.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// lines draws a growth on two logarithmic scales.
func (g *growth) lines() string {
	const left, top, width, height = 80, 20, 520, 260
	lowX, highX, lowY, highY := math.Inf(1), 0.0, math.Inf(1), 0.0
	for _, s := range g.series {
		for i := range s.x {
			lowX, highX = min(lowX, s.x[i]), max(highX, s.x[i])
			lowY, highY = min(lowY, s.y[i]), max(highY, s.y[i])
		}
	}
	lowY, highY = math.Pow(10, math.Floor(math.Log10(lowY))), math.Pow(10, math.Ceil(math.Log10(highY)))
	atX := func(x float64) float64 { return left + width*math.Log(x/lowX)/math.Log(highX/lowX) }
	atY := func(y float64) float64 { return top + height - height*math.Log(y/lowY)/math.Log(highY/lowY) }
	var b strings.Builder
	fmt.Fprintf(&b, svgHead, left+width+130, top+height+60)
	for y := lowY; y <= highY*1.01; y *= 10 {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%[3]f" stroke="#d0d7de"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, left+width, atY(y), left-8, atY(y)+4, duration(y))
	}
	for _, x := range g.series[0].x {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", atX(x), top+height+20, count(x))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle" fill="#57606a">%s</text>`+"\n", left+width/2, top+height+44, g.x)
	for i, s := range g.series {
		colour := palette[i%len(palette)]
		var points []string
		for j := range s.x {
			points = append(points, fmt.Sprintf("%.1f,%.1f", atX(s.x[j]), atY(s.y[j])))
		}
		last := len(s.x) - 1
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/><text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n",
			strings.Join(points, " "), colour, atX(s.x[last])+8, atY(s.y[last])+4, colour, s.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
