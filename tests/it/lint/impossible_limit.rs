//! `impossible-limit`: what certainly cannot be.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("impossible-limit", rest)
}

#[test]
fn a_layer_that_may_be_larger_than_its_image_is_told_once_for_all_platforms() {
    assert_eq!(
        of("# 한도\nlimits: {image_size: 512MiB, layer_size: 1GB}\n"),
        ["6:42: warning[impossible-limit]: no layer gets there: this is more than `image_size`"]
    );
}

#[test]
fn a_size_of_a_few_bytes_holds_nothing() {
    assert_eq!(
        of("limits: {image_size: 8B}\n"),
        ["5:22: warning[impossible-limit]: no image with files in it is as small as 8 bytes"]
    );
    assert_eq!(of("limits: {layer_size: 8B}\n").len(), 1);
}

#[test]
fn equal_sizes_single_ones_and_empty_images_are_left_alone() {
    for rest in [
        "limits: {image_size: 1GB, layer_size: 1GB}\n",
        "limits: {layer_size: 8GB}\n",
        "base: scratch\nlimits: {image_size: 8B}\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}
