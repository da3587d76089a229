using Espalier.Models.Chat;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>What to type to use the result.</summary>
internal static class UseSection
{
    private const string Question = "What can you do?", Ids = "1,2,3";

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Arms.FirstOrDefault(arm => arm.Result.IsFinished) is not { } arm)
            return;
        var result = arm.Result;
        html.Leaf("h2", "Using the result");
        html.Note("How to read it: paths are relative to this report's folder; change to it first."
            + (run.HasArms ? $" The student is {arm.Name}'s." : ""));
        var (student, prompt) = (run.Relative(result.Student), SamplePrompt.Of(result));
        // A folder that is gone is taken for one that had a tokenizer.
        var readsText = !Directory.Exists(result.Student) || TokenizerSource.IsIn(result.Student);
        var answers = readsText && result.Aligned is not null && Perhaps.Of(() => ChatTemplate.Find(result.Student)) is not null;
        Snippet(html, "Python, with transformers", !readsText ? $"""
            import torch
            from transformers import AutoModelForCausalLM

            model = AutoModelForCausalLM.from_pretrained({Quoted.Python(FromHere(student))})
            print(model.generate(torch.tensor([[{Ids.Replace(",", ", ", StringComparison.Ordinal)}]]), max_new_tokens=60)[0].tolist())
            """ : $"""
            from transformers import AutoModelForCausalLM, AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained({Quoted.Python(FromHere(student))})
            model = AutoModelForCausalLM.from_pretrained({Quoted.Python(FromHere(student))})
            ids = tokenizer({Quoted.Python(prompt)}, return_tensors="pt")
            print(tokenizer.decode(model.generate(**ids, max_new_tokens=60)[0]))
            """);
        if (result.Gguf.Count > 0 && readsText)
            Snippet(html, "llama.cpp",
                string.Join('\n', result.Gguf.Select(file => $"llama-cli -m {Quoted.Shell(run.Relative(file))} "
                    + (answers ? $"-p \"{Question}\"" : $"-no-cnv -p {Quoted.Shell(prompt)}"))));
        Snippet(html, "Espalier", answers ? $"espalier chat {Quoted.Shell(student)}"
            : $"espalier generate {Quoted.Shell(student)} {(readsText ? $"--prompt {Quoted.Shell(prompt)}" : $"--ids {Ids}")} "
                + "--max-tokens 60",
            "espalier is the launcher in the root of the program's folder: ./espalier "
                + "there, with this folder's path before the student's.");
    }

    /// <summary>A relative path that no program takes for a name on a hub.</summary>
    private static string FromHere(string path) => Path.IsPathRooted(path) ? path : $"./{path}";

    private static void Snippet(HtmlBuilder html, string title, string code, string? note = null)
    {
        html.Leaf("h3", title);
        html.Leaf("pre", code);
        if (note is not null)
            html.Leaf("p", note, ("class", "quiet"));
    }
}
