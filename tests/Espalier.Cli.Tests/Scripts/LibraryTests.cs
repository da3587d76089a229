using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Scripts;

/// <summary>What a stranger gets who has packages and no sources, and who writes a program against the library.</summary>
public sealed class LibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_packages_install_as_a_tool_that_works_in_an_empty_directory()
    {
        var (packages, tool, empty) =
            (Path.Combine(_folder.Path, "packages"), Path.Combine(_folder.Path, "tool"),
                Directory.CreateDirectory(Path.Combine(_folder.Path, "empty")).FullName);
        Dotnet(Fixtures.Root, "pack", "--no-build", "-c", "Release", "-o", packages, "-v", "quiet");
        Assert.Equal(
            ["Espalier.Compression", "Espalier.Evaluation", "Espalier.Files", "Espalier.Models", "Espalier.Pipeline", "Espalier.Reports",
                "Espalier.Server", "Espalier.Torch", "espalier"],
            Directory.GetFiles(packages, "*.nupkg")
                .Select(file => Path.GetFileName(file).Replace(".0.1.0.nupkg", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));

        File.WriteAllText(Path.Combine(_folder.Path, "nuget.config"),
            $"<configuration><packageSources><clear/><add key=\"local\" value=\"{packages}\"/></packageSources></configuration>");
        Dotnet(_folder.Path, "tool", "install", "espalier", "--tool-path", tool, "--configfile",
            Path.Combine(_folder.Path, "nuget.config"));
        Assert.Equal("0.1.0", Run(Path.Combine(tool, "espalier"), empty, "--version").Trim());
        Assert.NotEmpty(Run(Path.Combine(tool, "espalier"), empty, "generate", Teacher, "--prompt", "Once upon a time", "--max-tokens", "8")
            .Trim());
        Assert.Empty(Directory.GetFileSystemEntries(empty));
    }

    [Fact]
    public void The_sample_that_README_shows_is_the_one_in_the_folder_and_runs()
    {
        var sample = File.ReadAllText(Path.Combine(Fixtures.Root, "samples", "prune-and-distil.cs"));
        var readme = File.ReadAllText(Path.Combine(Fixtures.Root, "README.md"));
        Assert.Contains("```csharp\n" + sample[sample.IndexOf("using Espalier;", StringComparison.Ordinal)..] + "```", readme,
            StringComparison.Ordinal);

        var text = Path.Combine(_folder.Path, "text.jsonl");
        File.WriteAllLines(text, File.ReadLines(Path.Combine(Teacher, "self-written.jsonl")).Take(40));
        var output =
            Dotnet(Fixtures.Root, "run", "-c", "Release", "samples/prune-and-distil.cs", "--", Teacher, text,
                Path.Combine(_folder.Path, "out"));
        Assert.Contains("nats per token", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Path.Combine(_folder.Path, "out"), "student", "model.safetensors")), output);
    }

    [Fact]
    public void The_sample_that_runs_a_recipe_ends_with_its_student()
    {
        var (text, recipe, run) =
            (Path.Combine(_folder.Path, "text.jsonl"), Path.Combine(_folder.Path, "small.yaml"), Path.Combine(_folder.Path, "run"));
        File.WriteAllLines(text, File.ReadLines(Path.Combine(Teacher, "self-written.jsonl")).Take(40));
        File.WriteAllText(recipe, $$"""
            teacher: {{Teacher}}
            data: { train: {{text}}, held-out: 10%, sequence: 32 }
            score: { samples: 4 }
            prune: { ffn: 384 }
            distill: { steps: 2, batch: 2 }
            evaluate: [held-out]
            """);
        var output = Dotnet(Fixtures.Root, "run", "-c", "Release", "samples/run-a-recipe.cs", "--", recipe, run);
        Assert.Contains($"the student is in {Path.Combine(run, "student")}", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "student", "model.safetensors")), output);
    }

    private static string Dotnet(string folder, params string[] arguments) => Run("dotnet", folder, arguments);

    private static string Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{error.Result}");
        return output;
    }
}
