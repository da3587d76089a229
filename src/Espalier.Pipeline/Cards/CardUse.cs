using Espalier.Models.Chat;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>What to type to use a model, and what is known to go wrong.</summary>
internal static class CardUse
{
    /// <summary>What <see cref="Limits"/> says of a student that nothing trained.</summary>
    internal const string NotTrained = "It was not trained after pruning.";

    private const string Question = "What can you do?";

    /// <summary>Writes the section.</summary>
    /// <param name="page">The card.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="gguf">Names of GGUF files beside it.</param>
    /// <param name="answers">Whether it was taught to answer; a template of the teacher's alone teaches nothing.</param>
    /// <param name="prompt">The beginning of a text that it goes on with, one line.</param>
    public static void Write(CardPage page, string folder, IReadOnlyList<string> gguf, bool answers, string prompt = SamplePrompt.Otherwise)
    {
        answers &= ChatTemplate.Find(folder) is not null;
        page.Heading(2, "How to use it");
        if (!TokenizerSource.IsIn(folder))
        {
            page.Paragraph("It has no tokenizer and takes token ids. With Espalier:");
            page.Code("sh", "espalier generate . --ids 1,2,3 --max-tokens 60");
            return;
        }
        page.Paragraph(answers ? "The question below is only an example: the model answers best what resembles its training data."
            : "The prompt below is only an example: the model continues best the kind of text it was trained on.");
        page.Paragraph("With transformers; `model` is this folder, or its name on the Hub:");
        page.Code("python", $"""
            from transformers import AutoModelForCausalLM, AutoTokenizer

            model = "."
            tokenizer = AutoTokenizer.from_pretrained(model)
            network = AutoModelForCausalLM.from_pretrained(model)
            {(answers
                ? $"inputs = tokenizer.apply_chat_template([{{\"role\": \"user\", \"content\": \"{Question}\"}}],\n"
                    + "    add_generation_prompt=True, return_dict=True, return_tensors=\"pt\")"
                : $"inputs = tokenizer({Quoted.Python(prompt)}, return_tensors=\"pt\")")}
            print(tokenizer.decode(network.generate(**inputs, max_new_tokens=60)[0]))
            """);
        if (gguf.Count > 0 || HasGguf(folder))
        {
            page.Paragraph(gguf.Count > 0 ? "With llama.cpp, from the files next to this folder:"
                : "With llama.cpp, after `espalier export . --output model.gguf`:");
            page.Code("sh", string.Join('\n', (gguf.Count > 0 ? gguf : ["model.gguf"]).Select(file =>
                $"llama-cli -m {file} {(answers ? $"-p \"{Question}\"" : $"-no-cnv -p {Quoted.Shell(prompt)}")}")));
        }
        page.Paragraph("With Espalier:");
        page.Code("sh", answers ? "espalier chat ." : $"espalier generate . --prompt {Quoted.Shell(prompt)} --max-tokens 60");
    }

    private static bool HasGguf(string folder)
    {
        using var model = Checkpoint.Open(folder, requireWeights: false);
        return Perhaps.Of(() =>
        {
            GgufExporter.Check(model.Config, folder, "the student", [GgufFormat.F32]);
            return true;
        });
    }

    /// <summary>Writes what is known against it.</summary>
    public static void Limits(CardPage page, CardFacts facts)
    {
        page.Heading(2, "Limits");
        var limits = new List<string>();
        var longest = facts.Stages.Where(stage => stage.Trains)
            .Select(stage => int.TryParse(stage.Option("sequence"), out var tokens) ? tokens : 0).DefaultIfEmpty(0).Max();
        if (longest > 0 && longest < facts.Student.MaxPositions)
            limits.Add($"It was trained on windows of at most {Units.Exact(longest)} tokens, though it has "
                + $"{Units.Exact(facts.Student.MaxPositions)} positions.");
        if (!facts.Stages.Any(stage => stage.Trains && stage.Record.Name != "correct"))
            limits.Add(NotTrained);
        if (facts.Arm.Aligned is null)
            limits.Add("It continues text. The run did not train it to answer.");
        limits.Add("The run measured only what is shown above: not factual accuracy, not bias, not harm.");
        limits.Add("The teacher's limitations may apply to it too: see the teacher's own page.");
        limits.AddRange(Runtimes(facts.Arm.Student));
        page.Items(limits);
    }

    /// <summary>What other programs read differently than it is.</summary>
    public static IEnumerable<string> Runtimes(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder, requireWeights: false);
        foreach (var (runtime, findings) in Preflight.Of(checkpoint.Family, checkpoint.Config, checkpoint.RawConfig))
            foreach (var finding in findings)
                yield return $"{runtime}: {CardPage.Plain(finding)}.";
    }
}
