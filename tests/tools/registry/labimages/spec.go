package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// shape is part of every fingerprint: raise it when the same list and trees are
// to give other bytes than before.
const shape = 2

// imageSpec is one image of the list.
type imageSpec struct {
	// Ref is "repository:tag" without a host.
	Ref string `json:"ref"`
	// Comment tells readers of the list why the image exists.
	Comment string `json:"comment"`
	// Rootfs names full trees, each grown from the one before it; the image gets
	// one layer for the first and one layer of differences for every other.
	Rootfs []string `json:"rootfs"`
	// Platforms are the index entries, in order.
	Platforms []string `json:"platforms"`
	// Really maps an entry's platform to the one that its image is truly made
	// for: how an index that lies is made.
	Really map[string]string `json:"really"`
	// Attested adds an entry of platform unknown/unknown, as published bases have.
	Attested bool `json:"attested"`
	// Config is the container part of the image configuration.
	Config v1.Config `json:"config"`
}

func readSpec(path string) ([]imageSpec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var images []imageSpec
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&images); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return images, nil
}

// fingerprint changes when the image's description or one of its trees does.
// Size and time stand for a tree's content: they are replaced, never edited.
func (s imageSpec) fingerprint(opts options) (string, error) {
	hash := sha256.New()
	if err := json.NewEncoder(hash).Encode(s); err != nil {
		return "", err
	}
	fmt.Fprintln(hash, shape, opts.created.Unix())
	for _, entry := range s.Platforms {
		for _, tree := range s.trees(opts, s.truth(entry)) {
			info, err := os.Stat(tree)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(hash, tree, info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (s imageSpec) truth(entry string) string {
	if really, ok := s.Really[entry]; ok {
		return really
	}
	return entry
}

// trees lists the tarballs of one platform, the lowest first.
func (s imageSpec) trees(opts options, platform string) []string {
	architecture := strings.Split(platform, "/")[1]
	paths := make([]string, 0, len(s.Rootfs))
	for _, rootfs := range s.Rootfs {
		paths = append(paths, filepath.Join(opts.rootfs, rootfs+"-"+architecture+".tar"))
	}
	return paths
}

// assemble makes the index with one image per platform.
func (s imageSpec) assemble(opts options) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, entry := range s.Platforms {
		platform, err := v1.ParsePlatform(entry)
		if err != nil {
			return nil, err
		}
		image, err := s.image(opts, s.truth(entry))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: platform},
		})
		if s.Attested {
			if index, err = attest(index, image); err != nil {
				return nil, err
			}
		}
	}
	return newPlainIndex(index)
}

func (s imageSpec) image(opts options, platform string) (v1.Image, error) {
	target, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	image, err := mutate.ConfigFile(emptyImage(), &v1.ConfigFile{
		Architecture: target.Architecture,
		Variant:      target.Variant,
		OS:           target.OS,
		Created:      v1.Time{Time: opts.created},
		Config:       s.Config,
		RootFS:       v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	additions, err := s.layers(opts, platform)
	if err != nil {
		return nil, err
	}
	return mutate.Append(image, append(additions, s.emptySteps(opts)...)...)
}

func emptyImage() v1.Image {
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	return mutate.ConfigMediaType(image, types.OCIConfigJSON)
}

func (s imageSpec) layers(opts options, platform string) ([]mutate.Addendum, error) {
	var additions []mutate.Addendum
	below := ""
	for i, tree := range s.trees(opts, platform) {
		path := tree
		if below != "" {
			path = strings.TrimSuffix(tree, ".tar") + ".delta"
			if err := writeDelta(below, tree, path); err != nil {
				return nil, err
			}
		}
		layer, err := tarball.LayerFromFile(path,
			tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		additions = append(additions, mutate.Addendum{
			Layer:     layer,
			MediaType: types.OCILayer,
			History: v1.History{
				Created:   v1.Time{Time: opts.created},
				CreatedBy: "kiln lab rootfs " + s.Rootfs[i],
			},
		})
		below = tree
	}
	return additions, nil
}

// emptySteps writes the history a Dockerfile would leave for ENV and CMD, so
// that clients meet entries without a layer, as in published bases.
func (s imageSpec) emptySteps(opts options) []mutate.Addendum {
	var steps []string
	for _, variable := range s.Config.Env {
		steps = append(steps, "ENV "+variable)
	}
	if len(s.Config.Cmd) > 0 {
		words, _ := json.Marshal(s.Config.Cmd) // a list of strings always encodes
		steps = append(steps, "CMD "+string(words))
	}
	var additions []mutate.Addendum
	for _, step := range steps {
		additions = append(additions, mutate.Addendum{History: v1.History{
			Created:    v1.Time{Time: opts.created},
			CreatedBy:  step,
			Comment:    "kiln lab",
			EmptyLayer: true,
		}})
	}
	return additions
}
