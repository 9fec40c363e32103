package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"
)

// entry is what makes two tar entries of one name the same.
type entry struct {
	fingerprint string
	link        string // target, when the entry is a hard link
}

// writeDelta writes the layer that turns tree `below` into tree `above`: entries
// that are new or differ, and whiteouts for those that went away.
func writeDelta(below, above, target string) error {
	old, err := readTree(below)
	if err != nil {
		return err
	}
	fresh, err := readTree(above)
	if err != nil {
		return err
	}
	file, err := os.Create(target + ".partial")
	if err != nil {
		return err
	}
	defer file.Close()
	writer := tar.NewWriter(file)
	if err := copyEntries(above, changed(old, fresh), writer); err != nil {
		return err
	}
	for _, name := range removed(old, fresh) {
		mark := path.Join(path.Dir(name), ".wh."+path.Base(name))
		if err := writer.WriteHeader(&tar.Header{Name: mark, Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.Rename(target+".partial", target)
}

// eachEntry calls visit for every entry of a tarball, with its cleaned name.
func eachEntry(tree string, visit func(name string, header *tar.Header, content io.Reader) error) error {
	file, err := os.Open(tree)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", tree, err)
		}
		if err := visit(path.Clean(header.Name), header, reader); err != nil {
			return fmt.Errorf("%s: %s: %w", tree, header.Name, err)
		}
	}
}

func readTree(tree string) (map[string]entry, error) {
	entries := map[string]entry{}
	err := eachEntry(tree, func(name string, header *tar.Header, content io.Reader) error {
		hash := sha256.New()
		fmt.Fprintln(hash, header.Typeflag, header.Mode, header.Uid, header.Gid, header.Size,
			header.ModTime.Unix(), header.Linkname, header.Devmajor, header.Devminor, header.PAXRecords)
		if _, err := io.Copy(hash, content); err != nil {
			return err
		}
		found := entry{fingerprint: hex.EncodeToString(hash.Sum(nil))}
		if header.Typeflag == tar.TypeLink {
			found.link = path.Clean(header.Linkname)
		}
		entries[name] = found
		return nil
	})
	return entries, err
}

// changed names the entries of `fresh` that the layer must carry. All names of one
// hard-linked file go together, because a link cannot reach into another layer.
func changed(old, fresh map[string]entry) map[string]bool {
	carried := map[string]bool{}
	for name, found := range fresh {
		if old[name] != found {
			carried[name] = true
			if found.link != "" {
				carried[found.link] = true
			}
		}
	}
	for name, found := range fresh {
		if found.link != "" && carried[found.link] {
			carried[name] = true
		}
	}
	return carried
}

// removed names the highest paths of `old` that `fresh` lacks, sorted.
func removed(old, fresh map[string]entry) []string {
	var gone []string
	for name := range old {
		_, kept := fresh[name]
		_, parentKept := fresh[path.Dir(name)]
		if !kept && (parentKept || !strings.Contains(name, "/")) {
			gone = append(gone, name)
		}
	}
	sort.Strings(gone)
	return gone
}

func copyEntries(tree string, carried map[string]bool, writer *tar.Writer) error {
	return eachEntry(tree, func(name string, header *tar.Header, content io.Reader) error {
		if !carried[name] {
			return nil
		}
		if err := writer.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.Copy(writer, content)
		return err
	})
}
