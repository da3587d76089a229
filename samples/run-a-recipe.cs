#:project ../src/Espalier.Pipeline/Espalier.Pipeline.csproj

// Runs a recipe as `espalier compress` does; killed anywhere, the same call goes on:
//   dotnet run -c Release samples/run-a-recipe.cs -- recipes/quickstart.yaml build/run
using Espalier;

var result = RecipeRun.Run(args[0], args[1]);
foreach (var model in result.Rows)
    Console.WriteLine($"{model.Model}: {model.Parameters} parameters, {model.Evaluations[0].Nll:0.000} nats per token");
Console.WriteLine($"the student is in {result.Student}");
