#pragma warning disable
namespace Espalier.Compression.Recipes;
internal static class PlanFile { public static Pruning.PruningPlan Read(string p) => System.Text.Json.JsonSerializer.Deserialize<Pruning.PruningPlan>(System.IO.File.ReadAllText(p)); public static void Write(string p, Pruning.PruningPlan x) => System.IO.File.WriteAllText(p, System.Text.Json.JsonSerializer.Serialize(x)); }
internal static class ScoresFile { public static Importance.ImportanceScores Read(string p) => System.Text.Json.JsonSerializer.Deserialize<Importance.ImportanceScores>(System.IO.File.ReadAllText(p)); public static void Write(string p, Importance.ImportanceScores x) => System.IO.File.WriteAllText(p, System.Text.Json.JsonSerializer.Serialize(x)); }
