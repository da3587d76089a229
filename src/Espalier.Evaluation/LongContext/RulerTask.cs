using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>A question of a wanted length.</summary>
internal sealed record LongQuestion(string Prompt, IReadOnlyList<string> References);

/// <summary>
/// Makes questions whose answer stands somewhere in a long text (RULER, Hsieh and others, arXiv 2404.06654, section 3). What is asked comes
/// from the generator alone and is drawn before what fills the text, so that it is the same at every length and for every tokenizer.
/// </summary>
/// <param name="wording">What the model reads, with {context} and the fields that the kind of question has.</param>
internal abstract class RulerTask(Template wording)
{
    /// <summary>The least size: what a question needs beside what fills it.</summary>
    public abstract int Least { get; }

    /// <summary>The largest size that there is material for.</summary>
    public virtual int Most => int.MaxValue / 2;

    /// <summary>Whether one reference in the answer is enough, else each counts for its part.</summary>
    public virtual bool AnyCounts => false;

    /// <summary>Makes a question.</summary>
    /// <param name="number">Which one, from 0.</param>
    /// <param name="random">Where chance comes from; a new one for each question.</param>
    /// <param name="size">Lines, words or documents that fill the text, from <see cref="Least"/>; more make a longer one.</param>
    public abstract LongQuestion Make(int number, PythonRandom random, int size);

    /// <summary>The wording with values for its fields.</summary>
    protected string Fill(params (string Name, string Value)[] fields) => Fill(wording, fields);

    /// <summary>A template with values for its fields.</summary>
    protected static string Fill(Template template, params (string Name, string Value)[] fields) => template.Fill(new TaskDocument(
        JsonSerializer.SerializeToElement(fields.ToDictionary(field => field.Name, field => field.Value),
            PlainJson.Of<Dictionary<string, string>>()), "a made question", 0));
}
