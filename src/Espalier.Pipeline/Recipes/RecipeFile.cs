using System.Text;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;

namespace Espalier.Pipeline.Recipes;

/// <summary>
/// Reads recipes: YAML with kebab-case keys, in flow or block style, at most 1 MB. What is unknown, twice there or of a wrong type is
/// refused with file, line and key. The keys are described in <c>docs/recipe.md</c>.
/// </summary>
internal static class RecipeFile
{
    /// <summary>Longest recipe that is read.</summary>
    public const int MaxBytes = 1_000_000;

    internal static YamlKind Kind { get; } = new("recipe", "teacher, data and prune");

    /// <summary>
    /// Reads a recipe. A relative path in it means the current directory if it exists there, else the folder above the recipe's own
    /// (the repository's root for <c>recipes/NAME.yaml</c>) if it exists there, else it stays as written.
    /// </summary>
    /// <exception cref="EspalierException">The file cannot be read, or something in it is wrong.</exception>
    public static Recipe Read(string path)
    {
        if (File.Exists(Path.Combine(path, CheckpointFolder.ConfigFile)))
            throw new EspalierException($"{path}: is a model folder, not a recipe; write a recipe with espalier init {path} TEXT");
        if (!Path.Exists(path) && new FileInfo(path).LinkTarget is null)
            throw new EspalierException($"{path}: not found; {Instead(path)}");
        return RecipePaths.Locate(Parse(SmallFile.ReadText(path, MaxBytes), path), path);
    }

    /// <summary>The recipe that may be meant, beside that place or in <c>recipes</c>; else how to get one.</summary>
    private static string Instead(string path)
    {
        var folder = Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".";
        string[] there = [.. new[] { folder, Path.Combine(folder, "recipes") }.Where(Directory.Exists)
            .SelectMany(static from => Directory.EnumerateFiles(from, "*.yaml"))];
        var name = Path.GetFileName(path);
        return NearestName.Nearest(Path.HasExtension(name) ? name
            : name + ".yaml", there.Select(file => Path.GetFileName(file)!)) is { } near
            ? $"did you mean {Path.GetRelativePath(".", there.First(file => Path.GetFileName(file) == near))}?"
            : "espalier init MODEL TEXT writes a recipe for a model and a text";
    }

    /// <summary>Reads a recipe's text; paths stay as written.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="sourceName">The file, for errors.</param>
    /// <exception cref="EspalierException">Something in it is wrong: file, line, key and the way out.</exception>
    /// <exception cref="RecipeRefusedException">Several keys or values are.</exception>
    public static Recipe Parse(string text, string sourceName)
    {
        if (text.Length > MaxBytes)
            throw new EspalierException($"{sourceName}: has {text.Length} characters, more than the limit of {MaxBytes}");
        if (YamlTree.Parse(text, sourceName, Kind) is not YamlMap root)
            throw new EspalierException($"{sourceName}: is not a recipe; a recipe begins with keys such as teacher:, data: and prune:");
        try
        {
            return RecipeKeys.Keys.Read(new SectionFields(root, sourceName, RecipeKeys.Section), Activator.CreateInstance<Recipe>());
        }
        catch (EspalierException first) when (first is not RecipeRefusedException)
        {
            string[] all = [.. SectionFields.Problems(root, sourceName, RecipeKeys.Section).OrderBy(problem => problem.Line)
                .Select(problem => problem.What)];
            if (!all.Contains(first.Message))
                all = [first.Message, .. all];
            if (all.Length > 1)
                throw new RecipeRefusedException(all);
            throw;
        }
    }

    /// <summary>
    /// One text for each meaning: JSON with sorted keys and every default written out, however the file spelt it; for hashing. It is a
    /// recipe too, and reads back as the same one. The output folder is not in it, for it changes no result.
    /// </summary>
    public static string Canonical(Recipe recipe) => Encoding.UTF8.GetString(CanonicalJson.Bytes(RecipeKeys.Keys.Canonical(recipe)));
}
