using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>
/// The card of a model that a command stored again: the page that a run wrote goes with its student, another gets a short one.
/// </summary>
internal static class ExportCard
{
    /// <summary>The card, sealed.</summary>
    /// <param name="source">The model that is exported.</param>
    /// <param name="stored">The element type that its weights get.</param>
    /// <exception cref="EspalierException">A file of the folder cannot be read.</exception>
    public static string Text(Checkpoint source, ElementType stored)
    {
        var page = new CardPage();
        var before = SealedText.Read(Path.Combine(source.Folder, ModelCardFile.Name));
        var name = CardFrontMatter.HubNameOf(source.Folder)
            ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.Folder)));
        var change = $"The weights of {CardPage.Quoted(name)} ({source.StoredType.ConfigName()}, sha256 of its files without README.md: "
            + $"{CardPage.Quoted(ModelCardFile.HashOfModel(source.Folder))}) were converted to {stored.ConfigName()} by Espalier; "
            + (source.StoredType == stored ? "their values are unchanged." : "only their rounding changed.");
        if (before is null)
        {
            var licence = CardLicence.Of(source.Folder);
            CardFrontMatter.Write(page, licence, CardFrontMatter.HubNameOf(source.Folder), name, ["espalier", source.Config.Family]);
            page.Heading(1, name);
            page.Paragraph($"A language model of {Units.Exact(source.Config.Parameters)} parameters. {change}");
            page.Heading(2, "Licence");
            page.Paragraph(licence.Sentence(CardPage.Plain(name)));
            CardUse.Write(page, source.Folder, [], answers: true);
            page.Heading(2, "Limits");
            page.Items(["The limitations of the model that it was made from apply to it: see that model's own page.",
                .. CardUse.Runtimes(source.Folder)]);
            return SealedText.Seal(page.ToString());
        }
        page.Heading(2, "Stored again");
        page.Paragraph($"{change} Where this page says \"this folder\", it means the one that was exported.");
        return SealedText.Seal($"{before}\n{page}");
    }
}
