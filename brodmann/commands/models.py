"""`brodmann models`: what the networks are, measured from the built networks."""

import json

import click


@click.command(epilog="Example: brodmann models --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(as_json: bool) -> None:
    """List the networks with parameters, input and output sizes and pixel sizes."""
    from core.models.catalogue import describe_models

    models = describe_models()
    if as_json:
        click.echo(json.dumps(models, indent=2))
        return
    for model in models:
        click.echo(f"{model['name']}")
        for key, value in model.items():
            if key != "name":
                click.echo(f"  {key:<24} {value}")
