using Espalier.Cli.Host;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Recipes;

/// <summary>What a recipe may say, for editors.</summary>
internal sealed class SchemaCommand : CommandBase
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    internal SchemaCommand() : base(
        "schema",
        "Print the JSON Schema of recipes, with which an editor completes and explains keys and marks mistakes",
        "espalier schema > recipe.schema.json",
        "espalier schema --json | jq .definitions.distill.properties.loss")
    {
    }

    protected override int Run(CommandRun run)
    {
        var schema = RecipeSchema.Make();
        if (run.Json)
            run.Write(schema, (_, _) => { });
        else
            run.Terminal.Output.WriteLine(schema.ToJsonString(s_indented));
        return ExitCodes.Done;
    }
}
