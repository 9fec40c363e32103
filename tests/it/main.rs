//! All integration tests in one binary, so that they are linked once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests may stop where they stand, and say why they skip"
)]

mod build;
mod build_bases;
mod build_dockerfile_faults;
mod build_dockerfiles;
mod build_failures;
mod build_images;
mod build_interrupts;
mod build_legs;
mod build_limits;
mod build_modes;
mod build_outputs;
mod build_publish;
mod build_records;
mod build_retries;
mod build_reuse;
mod build_scale;
mod build_tests;
mod cli_build;
mod cli_config;
mod cli_explain;
mod cli_graph;
mod cli_init;
mod cli_lint;
mod cli_lint_images;
mod cli_lock;
mod cli_modes;
mod cli_outdated;
mod cli_plan;
mod cli_rebuild;
mod cli_schema;
mod cli_show;
mod cli_tls;
mod cli_verify;
mod common;
mod context;
mod docs;
mod doctor;
mod fake_builder;
mod hostile;
mod kernel_cases;
mod kernel_contract;
mod kernel_defects;
mod kernel_definitions;
mod kernel_hostile;
mod kernel_labels;
mod kernel_recipe;
mod kernels_catalogue;
mod language;
mod layers;
mod lint;
mod lint_formats;
mod llb_golden;
mod llb_vectors;
mod lock_file;
mod lock_packages;
mod lock_resolve;
mod lock_reuse;
mod locksmith;
mod oci;
mod ops_outdated;
mod ops_outdated_weather;
mod ops_rebuild;
mod ops_rebuild_after;
mod ops_rebuild_period;
mod ops_rebuild_scope;
mod ops_why;
mod output_names;
mod proto;
mod recipe_content;
mod recipe_errors;
mod recipe_expand;
mod recipe_library;
mod recipe_shared;
mod recipe_sharing;
mod recipe_snippets;
mod record;
mod registry;
mod repo_recipes;
mod repo_services;
mod schema;
mod steady;
mod tidy;
mod transcribed;
mod verify;
mod verify_hostile;
mod verify_kernels;
mod verify_names;
mod workspace_errors;
