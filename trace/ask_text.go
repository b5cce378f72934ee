package trace

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the answer for people, in a language: "zh", or English.
func (a *Answer) WriteText(w io.Writer, lang string) error {
	var b strings.Builder
	b.WriteString(a.Title.In(lang) + "\n")
	for _, s := range a.Says {
		b.WriteString("\n" + s.In(lang))
	}
	b.WriteString("\n")
	for _, t := range a.Tables {
		if len(t.Rows) > 0 {
			t.write(&b, lang)
		}
	}
	if h := a.Histogram; h != nil {
		h.write(&b, lang)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) write(b *strings.Builder, lang string) {
	fmt.Fprintf(b, "\n%s\n", t.Title.In(lang))
	tw := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for i, c := range t.Columns {
		fmt.Fprint(tw, tab(i), c.Title.In(lang))
	}
	fmt.Fprintln(tw)
	for _, row := range t.Rows {
		for i, cell := range row {
			fmt.Fprint(tw, tab(i), cellText(t.Columns[i].Type, cell, lang))
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	if t.More > 0 {
		fmt.Fprintf(b, "%s\n", say("and %d more", "另有 %d 行", t.More).In(lang))
	}
}

func tab(i int) string {
	if i == 0 {
		return "  "
	}
	return "\t"
}

func cellText(kind string, cell any, lang string) string {
	switch v := cell.(type) {
	case nil:
		return "-"
	case Words:
		return v.In(lang)
	case Object:
		if v.ID != "" && strings.HasPrefix(v.ID, "0x") {
			return v.Name + " " + v.ID
		}
		return v.Name
	case Site:
		if v.File == "" {
			return "-"
		}
		return Symbol(v).Pos()
	case int64:
		switch kind {
		case "dur":
			return short(v).String()
		case "time":
			return "+" + time.Duration(v).String()
		}
	case float64:
		if kind == "bar" {
			return fmt.Sprintf("%3.0f%%", 100*v)
		}
	}
	switch kind {
	case "g", "p", "m":
		return fmt.Sprintf("%s%v", kind, cell)
	}
	return fmt.Sprint(cell)
}

func (h *Log2) write(b *strings.Builder, lang string) {
	fmt.Fprintf(b, "\n%s\n", h.Title.In(lang))
	most := uint64(1)
	for _, n := range h.Buckets {
		most = max(most, n)
	}
	tw := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for n, c := range h.Buckets {
		if c > 0 {
			fmt.Fprintf(tw, "  < %v\t%d\t%s\n", time.Duration(1)<<n, c, strings.Repeat("#", int((40*c+most-1)/most)))
		}
	}
	tw.Flush()
}
