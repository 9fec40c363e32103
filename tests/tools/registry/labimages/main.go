// Command labimages turns root file systems into OCI images and pushes each as
// one index, so that the lab's registry answers for the bases recipes name.
//
// It reads a JSON list of images (see spec.go) and a folder of tarballs called
// <rootfs>-<architecture>.tar. The same tarballs give the same digests. An image
// whose inputs are unchanged and whose index the registry still has is skipped.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

type options struct {
	registry string
	rootfs   string
	notes    string
	created  time.Time
}

func main() {
	var opts options
	flag.StringVar(&opts.registry, "registry", "", "host:port to push to")
	flag.StringVar(&opts.rootfs, "rootfs", "", "folder of <rootfs>-<architecture>.tar files")
	flag.StringVar(&opts.notes, "notes", "", "folder that remembers what was pushed")
	epoch := flag.Int64("epoch", 0, "creation time of every image, seconds since 1970")
	flag.Parse()
	opts.created = time.Unix(*epoch, 0).UTC()
	if err := run(opts, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "labimages:", err)
		os.Exit(1)
	}
}

func run(opts options, specs []string) error {
	if len(specs) != 1 || opts.registry == "" || opts.rootfs == "" || opts.notes == "" {
		return fmt.Errorf("usage: labimages -registry HOST -rootfs DIR -notes DIR -epoch SECONDS SPEC")
	}
	images, err := readSpec(specs[0])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(opts.notes, 0o755); err != nil {
		return err
	}
	pushed := 0
	for _, image := range images {
		done, err := publish(opts, image)
		if err != nil {
			return fmt.Errorf("%s: %w", image.Ref, err)
		}
		if done {
			pushed++
		}
	}
	if pushed == 0 {
		fmt.Fprintf(os.Stderr, "lab: all %d base images are in the registry\n", len(images))
	}
	return nil
}

// publish pushes one image unless the registry already has it, and tells whether
// it did.
func publish(opts options, image imageSpec) (bool, error) {
	target, err := name.NewTag(opts.registry + "/" + image.Ref)
	if err != nil {
		return false, err
	}
	inputs, err := image.fingerprint(opts)
	if err != nil {
		return false, err
	}
	note := filepath.Join(opts.notes, strings.NewReplacer("/", "_", ":", "_").Replace(image.Ref))
	if noted := readNote(note, inputs); noted != "" && registryHas(target, noted) {
		return false, nil
	}
	index, err := image.assemble(opts)
	if err != nil {
		return false, err
	}
	digest, err := index.Digest()
	if err != nil {
		return false, err
	}
	if err := push(target, index); err != nil {
		return false, err
	}
	fmt.Fprintf(os.Stderr, "lab: pushed %s (%s)\n", image.Ref, digest)
	return true, os.WriteFile(note, []byte(inputs+" "+digest.String()+"\n"), 0o644)
}

func push(target name.Tag, index v1.ImageIndex) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return remote.WriteIndex(target, index, remote.WithContext(ctx), remote.WithJobs(2))
}

// registryHas tells whether the tag still names the digest noted at the push.
func registryHas(target name.Tag, noted string) bool {
	found, err := remote.Head(target)
	return err == nil && found.Digest.String() == noted
}

// readNote returns the digest noted for exactly these inputs, or nothing.
func readNote(path, inputs string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	noted, digest, ok := strings.Cut(strings.TrimSpace(string(text)), " ")
	if !ok || noted != inputs {
		return ""
	}
	return digest
}
